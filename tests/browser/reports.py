"""Reports for the browser to show."""

from __future__ import annotations

from pipeline.layers.budget import BudgetVerdict
from pipeline.layers.present import present_family
from pipeline.output.document import Listing, Mark, Paragraph, Report, Section, Table
from tests.unit.layers.builders import World, file, gone

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "
_GROUP = "registry.example.org/team/some-long-group"
_LONG = "app/with a very long file name that goes on and on and on.py"


def everything() -> Report:
    """A base and three versions, budgets, and results of experiments: all that a page can hold."""
    world = World()
    python = [file(f"usr/lib/python/{n}.py", "p" * (900 * n)) for n in range(40)]
    base = world.image(
        "localhost/python-base:3.11",
        ("/bin/sh -c #(nop) ADD file:0123456789abcdef in /", python),
        ("/bin/sh -c busybox --install", [file("bin/sh", "s" * 3000)]),
        ("/bin/sh -c apt-get update && rm -rf /var/lib/apt", [file("etc/x"), gone("usr/lib/y")]),
    )
    main, other = file("app/main.py", "1" * 9000), file("app/main.py", "2" * 8000)
    small = file("app/miclase.py", "3")
    one = world.image("localhost/pytweets:1.0", (COPY, [main]), base=base)
    two = world.image("localhost/pytweets:1.1", (COPY, [main]), (COPY, [small]), base=base)
    three = world.image(
        "localhost/pytweets:1.2",
        (COPY, [other]),
        (COPY, [small]),
        ("/bin/sh -c rm /app/miclase.py", [gone("app/miclase.py")]),
        base=base,
        config={"Env": ["A=b"]},
    )
    verdicts = (
        BudgetVerdict("pytweets:1.1", "pytweets:1.0", "max_new_bytes", 9000.0, 2048.0, held=True),
        BudgetVerdict("pytweets:1.2", "pytweets:1.1", "min_shared_ratio", 0.99, 0.9, held=False),
    )
    report = present_family(
        world.family(base, one, two, three),
        "Layers of pytweets",
        world.lists,
        verdicts=verdicts,
        files=30,
    )
    rows = (
        ("Removing a container loses its write layer", Mark("held", "good")),
        ("A volume survives its container", Mark("refuted", "bad")),
        ("Pause keeps the write layer", Mark("not possible here", "warning")),
    )
    experiments = Report(
        "Experiments",
        "Three sentences of the model, tried on real containers.",
        (
            Section("Lifecycle", (Table(("sentence", "result"), rows),)),
            Section("A proposal", (Listing("-COPY . /app\n+COPY lib /app\n kept", "diff"),)),
            Paragraph("One did not hold.", "bad"),
            Paragraph("The driver is vfs.", "warning"),
        ),
    )
    return report.with_section(experiments, "verify")


def many() -> Report:
    """Sixteen versions with long names, of four layers of their own each."""
    world = World()
    base = world.image(
        f"{_GROUP}/python-base:3.11.9-slim-bookworm",
        ("/bin/sh -c #(nop) ADD file:0123456789abcdef in /", [file("usr/bin/python", "p" * 90000)]),
        ("/bin/sh -c apt-get install -y build-essential", [file("usr/bin/gcc", "g" * 900_000)]),
    )
    versions = [
        world.image(
            f"{_GROUP}/web-frontend:2026.11.{number}-rc1",
            ("/bin/sh -c pip install -r r.txt", [file("usr/lib/x.py", str(number // 5) * 200_000)]),
            (COPY, [file("app/main.py", str(number // 3) * 9000)]),
            (COPY, [file(_LONG, f"{number}" * 20)]),
            ("/bin/sh -c python -m compileall /app", [file("app/main.pyc", f"{number}" * 4000)]),
            base=base,
        )
        for number in range(16)
    ]
    return present_family(world.family(base, *versions), "Many", world.lists, files=30)

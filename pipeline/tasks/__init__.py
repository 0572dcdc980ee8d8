"""One thin task per command: load, one action, render, exit code.

Modules of this room import the other rooms inside their functions: a command pays only for what
it uses.
"""

from invoke.collection import Collection

from pipeline.tasks import (
    build,
    demo,
    deploy,
    develop,
    doctor,
    export,
    init,
    inside,
    life,
    plan,
    prune,
    release,
    report,
    status,
    transfer,
    validate,
    verify,
    volume,
)

TASKS = (
    init.init,
    demo.demo,
    validate.validate,
    plan.plan,
    build.build,
    release.release,
    prune.prune,
    transfer.push,
    transfer.pull,
    deploy.deploy,
    deploy.scale,
    deploy.rollback,
    deploy.down,
    life.stop,
    life.start,
    life.restart,
    life.pause,
    life.unpause,
    status.status,
    inside.logs,
    inside.execute,
    inside.stats,
    inside.events,
    report.report,
    verify.verify,
    export.export,
    doctor.doctor,
    develop.run_tests,
    develop.lint,
    develop.bench,
)

namespace = Collection()
for _task in TASKS:
    namespace.add_task(_task)

_volume = Collection("volume")
_volume.add_task(volume.list_volumes)
_volume.add_task(volume.backup)
_volume.add_task(volume.restore)
_volume.add_task(volume.remove, name="rm")
namespace.add_collection(_volume)

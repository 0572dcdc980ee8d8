"""What `python -m tests.mutants` needs to know of single modules and changes."""

from __future__ import annotations

NEARLY_PURE = frozenset(
    {
        "pipeline/build/release/decide.py",
        "pipeline/build/plan/explain.py",
        "pipeline/build/release/identity.py",
        "pipeline/build/release/lockfile.py",
        "pipeline/build/context/order.py",
        "pipeline/build/plan/build_plan.py",
        "pipeline/build/plan/forecast.py",
        "pipeline/host/choose.py",
        "pipeline/layers/advice.py",
        "pipeline/layers/budget.py",
        "pipeline/layers/cause.py",
        "pipeline/layers/chain.py",
        "pipeline/layers/compare.py",
        "pipeline/layers/family.py",
        "pipeline/layers/collapsed_layers.py",
        "pipeline/layers/layer_names.py",
        "pipeline/layers/split.py",
        "pipeline/spec/short_forms.py",
        "pipeline/spec/quantities.py",
        "pipeline/spec/versions.py",
    }
)
"""Modules that are changed, too: what they read is little beside what they decide."""

EQUIVALENT = {
    "pipeline/layers/advice.py: _moved: high < low → high <= low": (
        "a line above itself is the same layout either way"
    ),
    "pipeline/layers/cause.py: causes: if shared == len(newer.layers): → if False:": (
        "it only saves the work of finding that there is nothing"
    ),
    "pipeline/layers/chain.py: _instructions: 1 → 2": "it counts only whether a layer came before",
    "pipeline/layers/advice.py: _below: 1 → 2": "no path has an empty part",
    "pipeline/layers/advice.py: _below: 0 → 1": "no path is empty",
    "pipeline/layers/advice.py: _below: at >= 0 → at > 0": "no path is empty",
    "pipeline/layers/advice.py: _moved: None if tuple(changed) == layouts else "
    "tuple(changed) → None if False else tuple(changed)": (
        "what is equal costs as much, and so is not taken"
    ),
    "pipeline/layers/cause.py: _Parting.causes: self.shared < bases → self.shared <= bases": (
        "what lies above all that both share is not of the base then"
    ),
    "pipeline/layers/split.py: split_line: [group for group in groups if group is not None] "
    "→ [group for group in groups]": "there is none left; it is for the type checker",
    "pipeline/layers/split.py: split_line: 0 → 1": "what is equal in all is the same in each",
    "pipeline/deploy/plan/ingress.py: config: ingress.target if ingress else 0 → "
    "ingress.target if True else 0": "what has an ingress names one",
    "pipeline/deploy/plan/ingress.py: ingress_parts: [ingress.address, ingress.port] if "
    "ingress else [] → [ingress.address, ingress.port] if True else []": "an ingress has a port",
    "pipeline/deploy/plan/ingress.py: ingress_body: (ingress.address, ingress.port) if "
    "ingress else ('', 0) → (ingress.address, ingress.port) if True else ('', 0)": (
        "what has an ingress names one"
    ),
    "pipeline/deploy/plan/ingress.py: ingress_body: 0 → 1": "what has an ingress names one",
    "pipeline/deploy/plan/pulls.py: plan_pulls: if not one.service.built_here: → if True:": (
        "what is built here has a name that is never pulled"
    ),
    "pipeline/deploy/plan/divergence.py: _parts: 1 → 2": "no digest has an equals sign",
    "pipeline/deploy/model/desired.py: in_order: if service.name not in done: → if True:": (
        "what is done keeps its place"
    ),
    "pipeline/deploy/plan/service_plan.py: _why_started: 0 → 1": (
        "only what has ended is started again"
    ),
    "pipeline/deploy/plan/service_plan.py: _why_started: current.exit_code if current.state "
    "in ('exited', 'stopped') else 0 → current.exit_code if True else 0": (
        "only what has ended is started again"
    ),
    "pipeline/build/plan/build_plan.py: BuildPlanner._base: self._survey.own(inputs.base) if "
    "inputs.base else None → self._survey.own(inputs.base) if True else None": (
        "no version is called None"
    ),
    "pipeline/build/release/decide.py: decide: {reference: image for reference, image in "
    "candidate.bases.items() if image} → {reference: image for reference, image in "
    "candidate.bases.items()}": "none is missing there; it is for the type checker",
    "pipeline/build/plan/forecast.py: : 3 → 4": "a place is only compared with the other two",
    "pipeline/deploy/plan/ingress.py: config: 0 → 1": "an ingress has a target",
    "pipeline/export/yaml_text.py: yaml_text: 1000000000 → 1000000001": "no line is as long",
    "pipeline/layers/cause.py: file_changes: if one != other: → if True:": (
        "between equal entries nothing differs"
    ),
    "pipeline/build/release/lockfile.py: _umask: 0 → 1": "the mask is only read, and set back",
    "pipeline/spec/versions.py: order_key: 0 → 1": "all words, and all ends, have the same number",
}
"""Changes that mean the same, as they are printed but for the line, and why."""

"""One thin task per command: load, one action, render, exit code.

Modules of this package import the other packages inside their functions: a command pays only for
what it uses.
"""

from invoke.collection import Collection

from pipeline.tasks import (
    build,
    containers,
    demo,
    deploy,
    development,
    doctor,
    export,
    init,
    lifecycle,
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
    lifecycle.stop,
    lifecycle.start,
    lifecycle.restart,
    lifecycle.pause,
    lifecycle.unpause,
    status.status,
    containers.logs,
    containers.execute,
    containers.stats,
    containers.events,
    report.report,
    verify.verify,
    export.export,
    doctor.doctor,
    development.run_tests,
    development.lint,
    development.bench,
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

"""What Snakemake knows of finished steps, completed by the provenance records.

Snakemake keeps the params of each job in its folder `.snakemake`. Where that is lost or damaged, it
takes every output for one of today's settings. The records say otherwise.
"""

from collections.abc import Iterable
from typing import Any

from snakemake.persistence import MetadataRecord, ParamsChange
from snakemake.workflow import Workflow

from schatten.recipe.recorded import Change
from schatten.runtime.files import canonical_json


def complete_memory(workflow: Workflow, changes: Iterable[Change]) -> None:
    """Let Snakemake make again, as after a change of params, what has other settings now.

    Snakemake has no setting for that: `--forcerun` would also make what nobody asked for. So its
    memory of finished jobs is asked in another way, as soon as it is there.
    """
    changed = {str(change.path): change for change in changes}
    prepare = workflow._prepare_dag

    def prepared(*args: Any, **options: Any) -> None:
        prepare(*args, **options)
        _complete(workflow.persistence, changed)

    workflow._prepare_dag = prepared


def _complete(memory: Any, changed: dict[str, Change]) -> None:
    read, has, differs = memory._read_record, memory.has_metadata, memory.params_changed

    def readable(key: str) -> MetadataRecord | None:
        try:
            found: MetadataRecord | None = read(key)
        except (OSError, ValueError):  # damaged: as good as none
            return None
        return found

    def has_metadata(job: Any) -> bool:
        return has(job) or not changed.keys().isdisjoint(job.output)

    def params_changed(job: Any, file: Any = None) -> ParamsChange:
        found = differs(job, file)
        for path in changed.keys() & set(job.output if file is None else [file]):
            before, now = (canonical_json(x) for x in (changed[path].recorded, changed[path].now))
            found |= ParamsChange(only_old={before}, only_new={now}, files={path})
        return found

    memory._read_record, memory.has_metadata = readable, has_metadata
    memory.params_changed = params_changed

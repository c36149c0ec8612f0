# schatten: from a speech corpus to small speech recognisers and their word error rates.
#
#   snakemake -j8 wer_tables                                     the default, voicesearch_like/quick
#   snakemake -j8 wer_tables --config recipe=an4/default corpus_dir=DIR
#
# The recipe says what an experiment is; the rules below say in which order its steps run.
from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from schatten.runtime import garbage, process, surroundings
from schatten.errors import UserError
from schatten.letters import shown
from schatten.recipe import step_settings
from schatten.recipe.figures import CURVES, FIGURES
from schatten.recipe.layout import NodePattern
from schatten.recipe.recorded import Recorded
from schatten.runtime.clock import refuse_future
from schatten.runtime.seals import refuse_damaged
from schatten.workflow import any_of, figure_labels, given, made, scaled, workflow_of
from schatten.workflow.memory import complete_memory

min_version("9.27")
process.jobs_die_with_me()
surroundings.keep_bytecode()
garbage.collect_seldom()  # planning makes a million objects, and they stay

try:
    EXPERIMENT = workflow_of(
        config, is_cached=workflow.workflow_settings.cache is not None
    )
    if workflow.is_main_process:
        FOLDERS = [EXPERIMENT.layout.data, EXPERIMENT.layout.home]
        refuse_damaged(FOLDERS)
        refuse_future(FOLDERS)
        complete_memory(workflow, Recorded(EXPERIMENT.recipe).changes(FOLDERS))
        config.update(EXPERIMENT.introduced)  # for the introduction of --report
except UserError as error:
    raise WorkflowError(shown(str(error))) from None

PATHS = EXPERIMENT.layout
NODE = NodePattern()


report: "rules/captions/introduction.rst"


wildcard_constraints:
    split="|".join(EXPERIMENT.splits),
    kind="|".join(FIGURES),
    feature="mel80|mel40|linear161",
    lm="|".join(["none", *EXPERIMENT.recipe.language_models]),
    units="|".join(EXPERIMENT.recipe.unit_sets),
    grid="|".join(EXPERIMENT.recipe.grids) or "none",
    system=any_of(EXPERIMENT.recipe.systems),
    device="|".join([*EXPERIMENT.timed, *EXPERIMENT.emulated]),
    seed="[0-9]+",
    node=any_of(EXPERIMENT.places),
    label=any_of(EXPERIMENT.labels),
    precision="fp32|int8|int4",
    decoder="greedy|lexicon|open|wfst|engine",


localrules:
    all,
    wer_tables,
    figures,


include: "rules/corpus.smk"
include: "rules/features.smk"
include: "rules/lm.smk"
include: "rules/train.smk"
include: "rules/decode.smk"
include: "rules/grids.smk"
include: "rules/tables.smk"
include: "rules/curves.smk"
include: "rules/bundle.smk"
include: "rules/arm.smk"
include: "rules/export.smk"
include: "rules/devices.smk"
include: "rules/commands.smk"
include: "rules/report.smk"


rule all:
    input:
        rules.wer_tables.input,

# Acoustic models: rules of one pattern for each class of step. A killed training resumes from state/.
# Priorities, highest first: features (20), as trainings wait for them; first trainings (10); inputs of the
# choice of a grid's best points (8), as more trainings wait for it; later trainings (5); all other steps.
TRAININGS = [
    step
    for kind in ("train", "quantize", "sequence", "adapt")
    for step in EXPERIMENT.step_rules(kind)
]

for STEP in TRAININGS:

    rule:
        name:
            STEP.name
        input:
            unpack(STEP.inputs),
        output:
            **STEP.outputs,
        log:
            STEP.log,
        wildcard_constraints:
            system=STEP.systems,
            node=STEP.folders,
        priority: STEP.priority
        threads: EXPERIMENT.torch_threads
        resources:
            mem_mb=scaled(8000),
            runtime=scaled(2880),
            gpu=EXPERIMENT.gpus_each,
            processes=1,
            loaders=0,
        params:
            settings=STEP.settings,
            options=STEP.options,
            title=STEP.title,
        message:
            "{params.title}"
        shell:
            "schatten train --recipe {EXPERIMENT.name:q} --system {wildcards.system:q} --seed {wildcards.seed} --node {wildcards.node:q} {params.options} --output {output.model:q} --processes {resources.processes:q} --loaders {resources.loaders:q} > {log:q} 2>&1"


# What the model before a step `sequence` or `adapt` recognises in its training speech, in shards.
for FOUND in EXPERIMENT.hypotheses_rules:

    rule:
        name:
            "hypotheses"
        input:
            unpack(FOUND.inputs),
        output:
            FOUND.output,
        log:
            FOUND.output.with_name("hypotheses.log"),
        wildcard_constraints:
            system=FOUND.systems,
            node=FOUND.folders,
        priority: 5
        threads: 8
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(600),
            tasks=1,
        params:
            settings=FOUND.settings,
            options=FOUND.options,
            title=FOUND.title,
        message:
            "{params.title}"
        shell:
            "schatten hypotheses --recipe {EXPERIMENT.name:q} --system {wildcards.system:q} --seed {wildcards.seed} --node {wildcards.node:q} {params.options} --output {output:q} --jobs {threads} --tasks {resources.tasks:q} > {log:q} 2>&1"


for STEP in EXPERIMENT.step_rules("truncate"):

    rule:
        name:
            STEP.name
        input:
            unpack(STEP.inputs),
        output:
            **STEP.outputs,
        log:
            STEP.log,
        wildcard_constraints:
            system=STEP.systems,
            node=STEP.folders,
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(60),
        params:
            settings=STEP.settings,
            source=STEP.source,
            options=STEP.options,
            title=STEP.title,
        message:
            "{params.title}"
        shell:
            "schatten truncate --recipe {EXPERIMENT.name:q} --system {wildcards.system:q} --seed {wildcards.seed} --node {wildcards.node:q} {params.options} --output {output.model:q} > {log:q} 2>&1"


for STEP in EXPERIMENT.step_rules("prune"):

    rule:
        name:
            STEP.name
        input:
            unpack(STEP.inputs),
        output:
            **STEP.outputs,
        log:
            STEP.log,
        wildcard_constraints:
            system=STEP.systems,
            node=STEP.folders,
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(60),
        params:
            settings=STEP.settings,
            options=STEP.options,
            title=STEP.title,
        message:
            "{params.title}"
        shell:
            "schatten prune --recipe {EXPERIMENT.name:q} --system {wildcards.system:q} --seed {wildcards.seed} --node {wildcards.node:q} {params.options} --output {output.model:q} > {log:q} 2>&1"


for STEP in EXPERIMENT.step_rules("remove_units"):

    rule:
        name:
            STEP.name
        input:
            unpack(STEP.inputs),
        output:
            **STEP.outputs,
        log:
            STEP.log,
        wildcard_constraints:
            system=STEP.systems,
            node=STEP.folders,
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(60),
        params:
            settings=STEP.settings,
            options=STEP.options,
            title=STEP.title,
        message:
            "{params.title}"
        shell:
            "schatten remove-units --recipe {EXPERIMENT.name:q} --system {wildcards.system:q} --seed {wildcards.seed} --node {wildcards.node:q} {params.options} --output {output.model:q} > {log:q} 2>&1"

# Acoustic models: stage 1, truncation, stage 2. A killed training goes on from state/.
# Priorities: features (20), which trainings wait for; stage 1 (10); what the choice of a grid's best points
# waits for (8), as more trainings follow from it; stage 2 (5); tuning, searches and tables.


rule stage1:
    input:
        train=lambda wildcards: W.features(wildcards.system, W.recipe.splits.train),
        dev=lambda wildcards: W.features(wildcards.system, W.recipe.splits.dev),
        statistics=lambda wildcards: W.statistics(wildcards.system),
    output:
        model=L.am(STAGE1) / "model.pt",
        history=L.am(STAGE1) / "history.json",
    log:
        L.am(STAGE1) / "train.log",
    wildcard_constraints:
        system="|".join(W.others),
    priority: 10
    threads: lambda wildcards: W.torch_threads(wildcards.system)
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(2880),
        gpu=W.gpus_each,
        processes=1,
    params:
        settings=lambda wildcards: parts.train_part(
            W.recipe, wildcards.system, int(wildcards.seed)
        ),
    shell:
        "schatten train --recipe {W.name:q} --system {wildcards.system:q} --seed {wildcards.seed} --train {input.train:q} --dev {input.dev:q} --statistics {input.statistics:q} --output {output.model:q} --processes {resources.processes:q} > {log:q} 2>&1"


rule student:
    input:
        train=lambda wildcards: W.features(wildcards.system, W.recipe.splits.train),
        dev=lambda wildcards: W.features(wildcards.system, W.recipe.splits.dev),
        statistics=lambda wildcards: W.statistics(wildcards.system),
        teacher=lambda wildcards: W.teacher(wildcards.system, wildcards.seed),
    output:
        model=L.am(STAGE1) / "model.pt",
        history=L.am(STAGE1) / "history.json",
    log:
        L.am(STAGE1) / "train.log",
    wildcard_constraints:
        system="|".join(W.students) or "none",
    priority: 10
    threads: lambda wildcards: W.torch_threads(wildcards.system)
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(2880),
        gpu=W.gpus_each,
        processes=1,
    params:
        settings=lambda wildcards: parts.train_part(
            W.recipe, wildcards.system, int(wildcards.seed)
        ),
    shell:
        "schatten train --recipe {W.name:q} --system {wildcards.system:q} --seed {wildcards.seed} --train {input.train:q} --dev {input.dev:q} --statistics {input.statistics:q} --teacher {input.teacher:q} --output {output.model:q} --processes {resources.processes:q} > {log:q} 2>&1"


rule factor:
    input:
        model=L.am(STAGE1) / "model.pt",
    output:
        model=L.am(FACTORED) / "model.pt",
        history=L.am(FACTORED) / "history.json",
    log:
        L.am(FACTORED) / "factor.log",
    wildcard_constraints:
        rank="|".join(W.plain_ranks),
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        settings=lambda wildcards: parts.factor_part(
            W.recipe, wildcards.system, wildcards.rank
        ),
        source=lambda wildcards: W.factored_source(
            wildcards.system, wildcards.seed, wildcards.rank
        ),
    shell:
        "schatten factor --recipe {W.name:q} --system {wildcards.system:q} --rank {wildcards.rank:q} --model {params.source:q} --output {output.model:q} > {log:q} 2>&1"


rule factor_measured:
    input:
        model=L.am(STAGE1) / "model.pt",
        train=lambda wildcards: W.features(wildcards.system, W.recipe.splits.train),
    output:
        model=L.am(FACTORED) / "model.pt",
        history=L.am(FACTORED) / "history.json",
    log:
        L.am(FACTORED) / "factor.log",
    wildcard_constraints:
        rank="|".join(W.measured_ranks) or "none",
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        settings=lambda wildcards: parts.calibration_part(
            W.recipe, wildcards.system, wildcards.rank
        ),
        source=lambda wildcards: W.factored_source(
            wildcards.system, wildcards.seed, wildcards.rank
        ),
    shell:
        "schatten factor --recipe {W.name:q} --system {wildcards.system:q} --rank {wildcards.rank:q} --model {params.source:q} --train {input.train:q} --output {output.model:q} > {log:q} 2>&1"


rule stage2:
    input:
        model=L.am(FACTORED) / "model.pt",
        train=lambda wildcards: W.features(wildcards.system, W.recipe.splits.train),
        dev=lambda wildcards: W.features(wildcards.system, W.recipe.splits.dev),
    output:
        model=L.am(STAGE2) / "model.pt",
        history=L.am(STAGE2) / "history.json",
    log:
        L.am(STAGE2) / "train.log",
    priority: 5
    threads: lambda wildcards: W.torch_threads(wildcards.system)
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(2880),
        gpu=W.gpus_each,
        processes=1,
    params:
        settings=lambda wildcards: parts.stage2_part(
            W.recipe, wildcards.system, int(wildcards.seed), wildcards.rank
        ),
    shell:
        "schatten stage2 --recipe {W.name:q} --system {wildcards.system:q} --seed {wildcards.seed} --rank {wildcards.rank:q} --model {input.model:q} --train {input.train:q} --dev {input.dev:q} --output {output.model:q} --processes {resources.processes:q} > {log:q} 2>&1"

# Language models: estimated, pruned, spelled out in a lexicon, stored as a KenLM trie; decoding graphs.


rule lm:
    input:
        text=EXPERIMENT.lm_text,
        dev=PATHS.text(EXPERIMENT.recipe.splits.dev),
        validation=PATHS.validation,
    output:
        **EXPERIMENT.outputs(
            arpa=PATHS.lm("{lm}") / "arpa.gz",
            bin=PATHS.lm("{lm}") / "bin",
            lexicon=PATHS.lm("{lm}") / "lexicon",
            info=PATHS.lm("{lm}") / "info.json",
        ),
    log:
        PATHS.data / "log/lm.{lm}.log",
    cache: EXPERIMENT.is_cached
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=lambda wildcards: step_settings.lm_settings(
            EXPERIMENT.recipe, wildcards.lm
        ),
        folder=str(PATHS.lm("{lm}")),
        memory=2000,
    shell:
        "schatten lm build --recipe {EXPERIMENT.name:q} --lm {wildcards.lm:q} --text {input.text:q} --dev {input.dev:q} --output-dir {params.folder:q} --memory-mb {params.memory} > {log:q} 2>&1"


rule graph:
    input:
        arpa=PATHS.lm("{lm}") / "arpa.gz",
        lexicon=PATHS.lm("{lm}") / "lexicon",
    output:
        **EXPERIMENT.outputs(
            graph=PATHS.graph("{lm}"),
            names=PATHS.graph("{lm}").with_suffix(".fst.json"),
        ),
    log:
        PATHS.data / "log/graph.{lm}.log",
    cache: EXPERIMENT.is_cached
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    params:
        settings=step_settings.graph_settings(EXPERIMENT.recipe),
    shell:
        "schatten graph --recipe {EXPERIMENT.name:q} --arpa {input.arpa:q} --lexicon {input.lexicon:q} --output {output.graph:q} > {log:q} 2>&1"


rule units:
    input:
        corpus=PATHS.text("corpus"),
        train=PATHS.text(EXPERIMENT.recipe.splits.train),
        others=[
            PATHS.text(split)
            for split in EXPERIMENT.splits
            if split != EXPERIMENT.recipe.splits.train
        ],
        cuts=[PATHS.cuts(split) for split in EXPERIMENT.splits],
        validation=PATHS.validation,
    output:
        inventory=PATHS.units("{units}"),
        words=PATHS.pronunciations("{units}"),
        too_long=PATHS.units("{units}").with_name("too_long.json"),
    log:
        PATHS.home / "log/units.{units}.log",
    wildcard_constraints:
        units=any_of(EXPERIMENT.spelled_sets),
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        settings=lambda wildcards: step_settings.units_settings(
            EXPERIMENT.recipe, wildcards.units
        ),
        folder=str(PATHS.units("{units}").parent),
        texts=given("text", "corpus", "others"),
        data=lambda wildcards, input: str(Path(input.validation).parent),
    shell:
        "schatten units --recipe {EXPERIMENT.name:q} --set {wildcards.units:q} {params.texts:q} --train-text {input.train:q} --data {params.data:q} --output-dir {params.folder:q} > {log:q} 2>&1"


if EXPERIMENT.tied_sets:

    rule align:
        input:
            unpack(EXPERIMENT.aligner),
        output:
            PATHS.triphones("{units}"),
        log:
            PATHS.home / "log/align.{units}.log",
        wildcard_constraints:
            units=any_of(EXPERIMENT.tied_sets),
        priority: 10
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(240),
        params:
            settings=lambda wildcards: step_settings.align_settings(
                EXPERIMENT.recipe, wildcards.units
            ),
        shell:
            "schatten align --recipe {EXPERIMENT.name:q} --set {wildcards.units:q} --model {input.model:q} --units {input.units:q} --train {input.train:q} --output {output:q} > {log:q} 2>&1"

    rule tie:
        input:
            triphones=PATHS.triphones("{units}"),
            phones=lambda wildcards: PATHS.units(EXPERIMENT.tied_phones(wildcards)),
            spelled=lambda wildcards: PATHS.pronunciations(
                EXPERIMENT.tied_phones(wildcards)
            ),
            cuts=[PATHS.cuts(split) for split in EXPERIMENT.splits],
            validation=PATHS.validation,
        output:
            inventory=PATHS.units("{units}"),
            words=PATHS.pronunciations("{units}"),
            tree=PATHS.tree("{units}"),
            picture=report(
                PATHS.tree("{units}").with_suffix(".svg"),
                category="Figures",
                caption="captions/tree.rst",
                labels={"figure": "tree of the tied phones {units}"},
            ),
            too_long=PATHS.units("{units}").with_name("too_long.json"),
        log:
            PATHS.home / "log/tie.{units}.log",
        wildcard_constraints:
            units=any_of(EXPERIMENT.tied_sets),
        priority: 10
        threads: 1
        resources:
            mem_mb=scaled(2000),
            runtime=scaled(60),
        params:
            settings=lambda wildcards: step_settings.tie_settings(
                EXPERIMENT.recipe, wildcards.units
            ),
            folder=str(PATHS.units("{units}").parent),
            data=lambda wildcards, input: str(Path(input.validation).parent),
        shell:
            "schatten tie --recipe {EXPERIMENT.name:q} --set {wildcards.units:q} --triphones {input.triphones:q} --phones {input.phones:q} --data {params.data:q} --output-dir {params.folder:q} > {log:q} 2>&1"


rule lexicon:
    input:
        arpa=PATHS.lm("{lm}") / "arpa.gz",
        units=PATHS.units("{units}"),
        words=PATHS.pronunciations("{units}"),
    output:
        PATHS.lexicon("{lm}", "{units}"),
    log:
        PATHS.home / "log/lexicon.{units}.{lm}.log",
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        settings=step_settings.settings("lexicon"),
    shell:
        "schatten lm lexicon --recipe {EXPERIMENT.name:q} --arpa {input.arpa:q} --units {input.units:q} --output {output:q} > {log:q} 2>&1"


rule units_graph:
    input:
        arpa=PATHS.lm("{lm}") / "arpa.gz",
        units=PATHS.units("{units}"),
        lexicon=PATHS.lexicon("{lm}", "{units}"),
    output:
        graph=PATHS.graph("{lm}", "{units}"),
        names=PATHS.graph("{lm}", "{units}").with_suffix(".fst.json"),
    log:
        PATHS.home / "log/graph.{units}.{lm}.log",
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    params:
        settings=step_settings.graph_settings(EXPERIMENT.recipe),
    shell:
        "schatten graph --recipe {EXPERIMENT.name:q} --arpa {input.arpa:q} --lexicon {input.lexicon:q} --units {input.units:q} --output {output.graph:q} > {log:q} 2>&1"

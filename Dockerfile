# schatten with all that its workflow runs: docs/how_to/containers.md says how to use it.
#
#   docker build -t schatten .
#   docker run --rm -v "$PWD/speech:/work" schatten init .
#   docker run --rm -v "$PWD/speech:/work" schatten run wer_tables --recipe voicesearch_like/smoke
#
# BASE: another image of Debian 12. TORCH_REQUIREMENT: the PyTorch that pip is asked for; that of the
# package index brings CUDA, which makes the image 5 GB larger. PIP_INDEX_URL: pip's own setting.
ARG BASE=debian:12-slim

FROM ${BASE} AS made
ARG TORCH_REQUIREMENT=torch==2.13.0
ARG PIP_INDEX_URL
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates make python3 python3-venv
WORKDIR /opt/schatten
COPY . .
# The set-up of a clone: the packages of the lock, KenLM, and the Debian packages that these need.
# Modules are compiled here: a user who cannot write into the image would compile them in each process.
# Some packages hold files of other Pythons, which do not compile and which nobody imports.
RUN PIP_NO_CACHE_DIR=1 make setup \
    && rm -f .tools/*.log .tools/*.lock \
    && { .venv/bin/python -m compileall -q -j 0 src .venv/lib >/dev/null || true; }

FROM ${BASE}
# Boost: of KenLM's programs. g++ and cmake: a run builds the engine, and compiles its GRU's loops.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates cmake g++ \
       libboost-program-options1.74.0 libboost-thread1.74.0 make python3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=made /opt/schatten /opt/schatten
ENV PATH=/opt/schatten/.venv/bin:$PATH LANG=C.UTF-8
WORKDIR /work
ENTRYPOINT ["schatten"]
CMD ["--help"]

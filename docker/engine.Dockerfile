# vLLM's OpenAI server with this project's models: docker build -f docker/engine.Dockerfile --build-arg EXTRA=gpu .
# The context is the repository, the builder BuildKit or podman's. Wheels in the folder wheels/ are taken first; see
# docs/containers.md.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE}
# What vLLM loads beside its wheels: NUMA for its threads on a CPU, a compiler for its kernels on a GPU (see compose.yaml).
# None for a base that has it already.
ARG PACKAGES=libnuma1
# hadolint ignore=DL3008
RUN [ -z "${PACKAGES}" ] || { apt-get update \
    && apt-get install --no-install-recommends --yes ${PACKAGES} \
    && rm -rf /var/lib/apt/lists/*; }
# The cache holds dequantised or downloaded weights. A volume that is mounted there takes over its owner.
RUN mkdir --mode=0750 /cache && chown 10001:10001 /cache
COPY pyproject.toml README.md LICENSE /src/
COPY pytest_humaneval /src/pytest_humaneval
COPY strategies /src/strategies
COPY soft_prompt /src/soft_prompt
# One stage, and wheels that are mounted: gigabytes are written once.
ARG EXTRA=cpu
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_NO_INDEX
RUN --mount=type=bind,target=/context python3 -m venv --without-pip /opt/humaneval \
    && python3 -m pip --python /opt/humaneval/bin/python3 install --no-cache-dir --find-links /context/wheels "/src[${EXTRA}]"
# torch asks for the user's name, which a number alone does not have.
ENV PATH=/opt/humaneval/bin:$PATH \
    HOME=/cache \
    USER=humaneval \
    PYTHONUNBUFFERED=1 \
    MODEL=qwen2.5-coder-0.5b-instruct \
    REVISION="" \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001:10001
WORKDIR /cache
# Weights may have to be made or downloaded first, which takes from one minute to many.
HEALTHCHECK --interval=5s --timeout=5s --retries=3 --start-period=30m \
    CMD ["python3", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["python3", "-m", "pytest_humaneval.engine.serve"]

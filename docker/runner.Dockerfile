# pytest with this plugin, to evaluate against an engine's URL; results go to /results.
# The context is the repository. Wheels in its folder wheels/ are taken first; see docs/containers.md.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG EXTRAS=openai,report,redis
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_NO_INDEX
COPY . /src
RUN python3 -m venv --without-pip /opt/humaneval \
    && python3 -m pip --python /opt/humaneval/bin/python3 install --no-cache-dir --find-links /src/wheels "/src[${EXTRAS}]"

FROM ${BASE}
# /work is for a conftest.py and a humaneval.toml of yours, /cache for generations; volumes take over the owner.
RUN mkdir --mode=0755 /cache /results /work && chown 10001:10001 /cache /results /work
COPY --from=build /opt/humaneval /opt/humaneval
ENV PATH=/opt/humaneval/bin:$PATH \
    HOME=/cache \
    USER=humaneval \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /work
# pytest's own cache, which --lf reads, lies beside the generations.
ENTRYPOINT ["python3", "-m", "pytest", "-o", "cache_dir=/cache/pytest", "--humaneval-engine=openai", \
    "--humaneval-output=/results", "--junitxml=/results/junit.xml", "--humaneval-html=/results/report.html"]
CMD ["--strategy=expert_v00"]

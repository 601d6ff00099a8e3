# What --humaneval-sandbox=docker and podman run generated code in: Python's standard library, and as little else as can be.
# The sandbox itself shares its code with the container and takes away network, writing, capabilities and privileges.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE}
# No installer, no program that lends its owner's rights.
RUN rm -rf /usr/local/lib/python3.*/site-packages/* /usr/local/lib/python3.*/ensurepip /usr/local/lib/python3.*/idlelib \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
USER 65534:65534
WORKDIR /
CMD ["python3"]

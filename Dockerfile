# The wheel, its hot path compiled, and what it depends on: made here, so that no compiler is in the image.
FROM python:3.11.14-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
RUN python -m venv /opt/deemster
COPY constraints.txt ./
RUN /opt/deemster/bin/python -m pip install --no-cache-dir --disable-pip-version-check -c constraints.txt \
    pip setuptools mypy types-PyYAML types-cachetools hatchling
COPY LICENSE README.md pyproject.toml ./
COPY scripts/compiled_modules.py ./scripts/
COPY src ./src
RUN /opt/deemster/bin/python -m pip install --no-cache-dir --disable-pip-version-check -c constraints.txt . \
    && DEEMSTER_COMPILED=1 /opt/deemster/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --no-build-isolation --no-deps --force-reinstall . \
    && /opt/deemster/bin/python -m pip uninstall -y mypy types-PyYAML types-cachetools hatchling setuptools \
    && /opt/deemster/bin/deemster version

FROM python:3.11.14-slim-bookworm
# A number, so that Kubernetes sees that it is not root.
RUN groupadd --system --gid 10001 deemster \
    && useradd --system --uid 10001 --gid deemster --no-create-home --shell /usr/sbin/nologin deemster
COPY --from=build /opt/deemster /opt/deemster
ENV PATH=/opt/deemster/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DEEMSTER_LISTENERS__DECISIONS__BIND=0.0.0.0:8080 \
    DEEMSTER_LISTENERS__PROBES__BIND=0.0.0.0:9081
# Mount deemster.yaml, the policies and the secrets here, read-only; nothing else is written to.
WORKDIR /etc/deemster
USER 10001:10001
EXPOSE 8080 9081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s CMD ["deemster", "ready"]
ENTRYPOINT ["deemster"]
CMD ["serve"]

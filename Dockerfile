FROM python:3.11-slim

WORKDIR /opt/deemster
COPY LICENSE README.md constraints.txt pyproject.toml ./
COPY src ./src
RUN python -m pip install --no-cache-dir --disable-pip-version-check -c constraints.txt . \
    && useradd --system --no-create-home --shell /usr/sbin/nologin deemster

# Mount deemster.yaml and the policies here.
WORKDIR /etc/deemster
USER deemster
STOPSIGNAL SIGTERM
ENTRYPOINT ["deemster"]
CMD ["serve"]

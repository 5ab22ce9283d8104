# The service of `watchword serve`; docs/operations/deploy.md says how to use it, and how to put an app into it.
# For production pin both images by digest: docker buildx imagetools inspect python:3.13-slim-trixie

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/watchword
WORKDIR /build
COPY requirements/runtime.txt requirements/
RUN /opt/watchword/bin/pip install --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE NOTICES.md ./
COPY src src
RUN /opt/watchword/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/watchword/bin/pip install --no-index --no-deps /wheels/*.whl \
    && /opt/watchword/bin/pip uninstall --yes --quiet pip \
    && python -m compileall -q /opt/watchword/lib

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="watchword" \
    org.opencontainers.image.description="The authentication layer of a Python API service" \
    org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/watchword/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/watchword /opt/watchword
# A watchword.toml, where there is one, is mounted here. Nothing is ever written.
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Alive, not ready: an outage of the database must not get every replica replaced.
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=3); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["watchword"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

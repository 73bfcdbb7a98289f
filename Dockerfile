# PicTrace: API, page, bot and shell in one image, with all networks that need no download.
#   docker build -t pictrace .
#   docker run -p 5000:5000 -v pictrace:/data pictrace
# Any other base with Python 3.11 to 3.13 does as well: --build-arg BASE=...
ARG BASE=python:3.12-slim
FROM ${BASE} AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
ENV PATH=/opt/pictrace/bin:$PATH VIRTUAL_ENV=/opt/pictrace PICTRACE_CACHE_DIR=/opt/pictrace/cache
RUN uv venv --quiet /opt/pictrace
COPY requirements.txt ./
RUN uv pip install --no-cache --compile-bytecode --require-hashes -r requirements.txt
COPY . .
RUN uv pip install --no-cache --compile-bytecode -c requirements-dev.txt ".[milvus]"
# Libraries may have this network, which TensorFlow converts; it is not needed afterwards.
RUN uv venv --quiet /opt/converting \
    && VIRTUAL_ENV=/opt/converting uv pip install --no-cache -c requirements-dev.txt ".[tensorflow]" \
    && /opt/converting/bin/pictrace networks prepare efficientnet-lite0

FROM ${BASE}
RUN useradd --create-home --uid 10001 pictrace && install -d -o pictrace /data
COPY --from=build --chown=pictrace /opt/pictrace /opt/pictrace
ENV PATH=/opt/pictrace/bin:$PATH PICTRACE_CACHE_DIR=/opt/pictrace/cache PICTRACE_DATA_DIR=/data PICTRACE_HOST=0.0.0.0
USER pictrace
VOLUME /data
EXPOSE 5000
# Docker's format keeps it; images in OCI's have none, so compose.yaml has one of its own.
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s CMD \
    python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:${PICTRACE_PORT:-5000}/health/ready', timeout=4)"
CMD ["pictrace-api"]

# An image of the service and its command line: docker build -t clarion .
# "In a container" in docs/operations.md says how to run it.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /source
COPY requirements requirements
RUN python3 -m venv /opt/clarion \
 && /opt/clarion/bin/pip install --no-cache-dir \
    -r requirements/server.txt -r requirements/postgres.txt -r requirements/nats.txt -r requirements/mjml.txt
COPY . .
RUN /opt/clarion/bin/pip install --no-cache-dir --no-deps .

FROM ${BASE}
RUN groupadd --gid 10001 clarion \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/clarion --no-create-home clarion \
 && install --directory --owner clarion --group clarion --mode 0700 /var/lib/clarion
COPY --from=build /opt/clarion /opt/clarion
ENV PATH=/opt/clarion/bin:$PATH
USER 10001
# The SQLite file is here: keep it on a volume.
WORKDIR /var/lib/clarion
VOLUME /var/lib/clarion
EXPOSE 50051 50080
ENTRYPOINT ["clarion"]
CMD ["serve"]

# Two stages: the wheels are installed by hash in the first, the second has nothing but them.
FROM python:3.13-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
      --require-hashes --only-binary :all: -r requirements.lock

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin reelbox \
 && install -d -o reelbox -g reelbox -m 0700 /data
COPY --from=build /venv /venv
WORKDIR /app
COPY assembly.py bot.py command_line.py config.py config_section.py crashpoints.py errors.py logs.py \
     models.py LICENSE ./
COPY cogs cogs
COPY jobs jobs
COPY media media
COPY neuralbox neuralbox
COPY storage storage
COPY ui ui
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER reelbox
VOLUME /data
# A stop lets a request in flight finish, so that nothing is left in doubt.
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "bot.py"]
CMD ["run", "--config", "/config/config.toml"]

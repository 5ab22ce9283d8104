.PHONY: demo test check docs links soak bench lock build release sbom advisories

demo: .venv/.runtime
	@.venv/bin/watchword demo $(ARGS)

test: .venv/.dev
	@scripts/check
	@scripts/test $(ARGS)
	@scripts/test-newer

check: .venv/.dev
	@scripts/check

docs: .venv/.dev
	@scripts/docs

links: .venv/.dev
	@scripts/links

soak: .venv/.dev
	@scripts/soak $(ARGS)

bench: .venv/.runtime
	@scripts/benchmarks $(ARGS)

build: .venv/.dev
	@scripts/build

release: .venv/.dev
	@scripts/release-check $(ARGS)

lock: .venv/.dev
	@scripts/lock

sbom: .venv/.dev
	@scripts/sbom $(ARGS)

advisories: .venv/.dev
	@scripts/advisories $(ARGS)

.venv/.runtime: requirements/runtime.txt requirements/uv.txt pyproject.toml
	@scripts/install runtime

.venv/.dev: requirements/dev.txt requirements/uv.txt pyproject.toml
	@scripts/install dev
	@touch .venv/.runtime

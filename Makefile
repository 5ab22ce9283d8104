.PHONY: demo test check soak bench lock

demo: .venv/.runtime
	@.venv/bin/watchword demo $(ARGS)

test: .venv/.dev
	@scripts/check
	@scripts/test $(ARGS)
	@scripts/test-newer

check: .venv/.dev
	@scripts/check

soak: .venv/.dev
	@scripts/soak $(ARGS)

bench: .venv/.runtime
	@scripts/benchmarks $(ARGS)

lock: .venv/.dev
	@scripts/lock

.venv/.runtime: requirements/runtime.txt requirements/uv.txt pyproject.toml
	@scripts/install runtime

.venv/.dev: requirements/dev.txt requirements/uv.txt pyproject.toml
	@scripts/install dev
	@touch .venv/.runtime

# Each target is a line of localstack/local.sh, which explains itself: localstack/local.sh --help

.DEFAULT_GOAL := help
.PHONY: help run demo up down test test-long chaos check fuzz bench package deploy smoke wipe clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## everything from a bare machine, with a tour; Ctrl-C stops it
	@localstack/local.sh run

demo: ## the same, but ends after the tour
	@localstack/local.sh demo

up: ## everything in the background; addresses and a client in .local/env
	@localstack/local.sh up

down: ## stop what up started; the data stays
	@localstack/local.sh down

test: ## all tests, against the real services
	@localstack/local.sh test

test-long: ## tests that take minutes or want a quiet machine
	@localstack/local.sh test-long

chaos: ## everything is killed, cut and reset under load; ROUNDS=10, SEED= of one to be repeated
	@localstack/local.sh chaos

check: ## formatting, lints, documentation, layering, shell scripts, the templates, dependencies
	@localstack/local.sh check

fuzz: ## what must hold whatever comes in, by libFuzzer; TARGET=webhook for one, SECONDS_EACH=300 for longer
	@localstack/local.sh fuzz $(TARGET)

bench: ## start, requests, lists, events and latency, each beside its floor; ARGS=--help explains
	@localstack/local.sh bench $(ARGS)

package: ## build every function for arm64 into target/lambda and check it
	@localstack/local.sh package

deploy: ## package, then sam build and sam deploy; STAGE=prod for that environment of samconfig.toml
	@localstack/local.sh deploy $(STAGE)

smoke: ## check a deployed stack from outside; URL=https://…
	@localstack/local.sh smoke $(URL)

wipe: ## stop everything and remove the services' data
	@localstack/local.sh services wipe

clean: ## wipe, and remove .local and everything built
	@localstack/local.sh clean

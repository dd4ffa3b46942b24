# SPDX-License-Identifier: Apache-2.0

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BINARY := bin/otelcol-meerkat
BUILD_FLAGS := -trimpath -tags grpcnotrace -ldflags "-s -w"
TOOL := go tool -modfile=internal/tools/go.mod
# Debian packages: what compiles and checks the kernel half, what the race detector needs, a container runtime
# to observe, a network to break, and what the guides use.
TEST_PACKAGES := clang-19 llvm-19 libbpf-dev gcc libc6-dev containerd runc busybox-static iproute2 curl openssl systemd rpm
# What the demonstration runs its containers with.
DEMO_PACKAGES := runc busybox-static iproute2 curl
# What a node of Kubernetes consists of, apart from Kubernetes.
E2E_PACKAGES := etcd-server containerd runc containernetworking-plugins iptables ipset conntrack busybox-static iproute2 util-linux
# What makes a Debian machine that the package is installed on, and runs it; a Docker that the image runs in.
HOST_PACKAGES := rpm mmdebstrap e2fsprogs qemu-system-x86 docker.io
# What makes the root file system of the corpus, and runs in it.
CORPUS_PACKAGES := mmdebstrap runc iproute2
export CGO_ENABLED ?= 0

.PHONY: help
help: ## List the verbs
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.PHONY: run
run: build ## Build and start the quickstart on this machine (as root); Ctrl-C ends it
	@examples/quickstart/run.sh $(BINARY)

.PHONY: demo
demo: build ## Watch a small shop in containers have a day in two minutes, and be attacked (as root); Ctrl-C ends it and leaves nothing but data
	@test/prepare.sh --packages-only $(DEMO_PACKAGES)
	@go run ./examples/demo -collector $(BINARY) $(DEMO)

.PHONY: build
build: ## Build bin/otelcol-meerkat; needs nothing but Go
	go build $(BUILD_FLAGS) -o $(BINARY) ./distribution

.PHONY: image
image: ## Make the container image for amd64 and arm64, twice, with lists of contents and check sums, in _build/image; needs Go and git
	go run ./distribution/image -twice $(IMAGE)

.PHONY: packages
packages: ## Make .deb, .rpm and .apk packages for amd64 and arm64, twice, with check sums, in _build/packages; needs Go and git
	go run ./distribution/packages -twice $(PACKAGES)

.PHONY: test
test: prepare ## Install what tests need and run them all, on the running kernel (as root)
	CGO_ENABLED=1 go test -race -timeout 20m ./...

.PHONY: vm
vm: ## Run the receiver's kernel tests on other kernels, in emulated machines, for docs/kernels.md (as root); VM=-smoke takes two minutes
	@test/prepare.sh qemu-system-x86 qemu-system-arm cpio
	go run ./test/vm $(VM)

.PHONY: e2e
e2e: build e2e-containerd ## Run the collector on a real Kubernetes of one node, and with the real Prometheus and Loki (as root); the first time it builds them, half an hour. E2E='-run X' selects tests
	@test/prepare.sh $(E2E_PACKAGES)
	go test -tags e2e -count 1 -v -timeout 60m ./test/e2e $(E2E)
	go test -tags e2e -count 1 -v -timeout 60m ./processor/anomalyprocessor -run TestClusterPolicy
	go test -tags e2e -count 1 -v -p 1 -timeout 60m ./test/backends ./test/examples ./distribution/grafana -run 'TestPrometheus|TestLoki|TestQueries|TestRules'
	@test/prepare.sh $(HOST_PACKAGES)
	go test -tags e2e -count 1 -v -timeout 60m ./distribution/packages -run 'TestHost|TestRPM_installed|TestAPK_installed'
	go test -tags e2e -count 1 -v -timeout 30m ./test/examples -run 'Test(ExistingCollector|Docker|GettingStarted_docker)$$'
	go test -tags e2e -count 1 -v -timeout 20m ./test/kafka

# What the tests' containerd is besides Debian's: the version that clusters have now.
CONTAINERD := _build/containerd
.PHONY: e2e-containerd
e2e-containerd: ## Run what is tried in containers with the newest containerd (as root), which it builds; `make test` has Debian's
	@test/prepare.sh $(TEST_PACKAGES)
	go build -modfile=internal/tools/containerd/go.mod -trimpath -tags no_btrfs,no_devmapper,no_zfs -o $(CONTAINERD)/ \
		$$(sed -n 's|^\t\(github.com/containerd/containerd/v2/cmd/[a-z0-9-]*\)$$|\1|p' internal/tools/containerd/go.mod)
	PATH=$(CURDIR)/$(CONTAINERD):$$PATH go test -count 1 -run 'TestContainer|TestImage_as|TestNode|TestPolicy_inContainers' ./receiver/ebpfreceiver ./distribution/image \
		./processor/k8senrichprocessor ./processor/anomalyprocessor

.PHONY: prepare
prepare:
	@test/prepare.sh $(TEST_PACKAGES)

.PHONY: generate
generate: ## Compile the kernel half and renew everything else that is generated
	go generate ./bpf/... ./receiver/... ./test/examples
	$(TOOL) builder --config builder-config.yaml --output-path ./distribution --skip-get-modules --skip-compilation
	go test ./internal/repotest -run 'TestGenerated_(telemetry|configuration)' -update
	go test ./test/manifests -update
	go run ./distribution/grafana
	go test ./processor/anomalyprocessor/rules -run TestReadme -update
	go test ./processor/anomalyprocessor/internal/record -run TestDecisions_page -update

.PHONY: lint
lint: ## Run the linters
	go vet -tags e2e ./...
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...

.PHONY: size
size: ## Print what each part of the manifest adds to the binary
	go run ./test/size

.PHONY: bench
bench: build ## Measure losses, cost and memory at fixed rates of events (as root), and what enrichment takes; BENCH=-quick takes two minutes
	go run ./test/bench $(BENCH)
	go test ./processor/k8senrichprocessor/... -run '^$$' -bench 'Logs|PodMemory'

.PHONY: record-corpus
record-corpus: build ## Record the corpus that detection is measured on in real containers (as root), some fifteen minutes; CORPUS="-only web" records a part
	@test/prepare.sh $(CORPUS_PACKAGES)
	go run ./test/corpus $(CORPUS)

.PHONY: bench-detect
bench-detect: ## Measure what detection finds, what it raises for nothing, and how fast it is; DETECT="-corpus folder -v" says on what, and prints incidents
	go run ./processor/anomalyprocessor/internal/measure $(DETECT)

.PHONY: ci
ci: lint test ## Everything that a change has to pass

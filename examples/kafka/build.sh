#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the collector with the exporter for Kafka and what tells it partitions, as _build/kafka/otelcol-meerkat: two entries more in the manifest.
set -eu

cd "$(dirname "$0")/../.."
mkdir -p _build
exporter='  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexporter v0.155.0'
partitioner='  - gomod: github.com/meerkat-otel/meerkat v0.1.0\n    import: github.com/meerkat-otel/meerkat/extension/workloadpartitionerextension\n    path: .'
sed -e "s|^exporters:\$|exporters:\n$exporter|" -e "s|^extensions:\$|extensions:\n$partitioner|" \
	-e 's|output_path: .*|output_path: ./_build/kafka|' builder-config.yaml >_build/kafka.yaml
go tool -modfile=internal/tools/go.mod builder --config _build/kafka.yaml

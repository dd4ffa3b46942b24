#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the collector with the exporter for Kafka, which is one line more in the manifest, as _build/kafka/otelcol-meerkat.
set -eu

cd "$(dirname "$0")/../.."
mkdir -p _build
line='  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexporter v0.155.0'
sed -e "s|^exporters:\$|exporters:\n$line|" -e 's|output_path: .*|output_path: ./_build/kafka|' builder-config.yaml >_build/kafka.yaml
go tool -modfile=internal/tools/go.mod builder --config _build/kafka.yaml

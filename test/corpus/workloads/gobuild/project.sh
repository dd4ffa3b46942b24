#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the modules that are built: project.sh FOLDER
set -eu
for project in alpha beta; do
	mkdir -p "$1/$project/store"
	cd "$1/$project"
	printf 'module example.com/%s\n\ngo 1.21\n' $project >go.mod
	printf 'package main\n\nimport "example.com/%s/store"\n\nfunc main() { println(store.Sum(1, 2)) }\n' $project >main.go
	printf 'package store\n\n// Sum adds.\nfunc Sum(a, b int) int { return a + b }\n' >store/store.go
	printf 'package store\n\nimport "testing"\n\nfunc TestSum(t *testing.T) {\n\tif Sum(1, 2) != 3 {\n\t\tt.Fail()\n\t}\n}\n' >store/store_test.go
	git init -q -b main
	git add .
	git -c user.name=builder -c user.email=builder@example.com commit -q -m 'first'
done

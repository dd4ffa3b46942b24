// SPDX-License-Identifier: Apache-2.0

// Package manifests renders what distribution/kubernetes and distribution/helm say, with kustomize and Helm in the versions that
// internal/tools/kubernetes pins, and reads the objects.
//
// It never asks a cluster: test/e2e gives the objects to one. Its tests hold the two renderings against each other, and both
// against what an agent may have.
package manifests

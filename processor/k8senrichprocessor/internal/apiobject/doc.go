// SPDX-License-Identifier: Apache-2.0

// Package apiobject has the objects of the Kubernetes API with the few fields that this processor reads, decodes
// them from JSON, and turns them into what the inventory keeps. Types of k8s.io/api are many times larger, in
// memory and in the binary.
//
// It never talks to anybody, and it never guesses: an owner that the API does not name is named only where a
// controller's own naming rule proves it.
package apiobject

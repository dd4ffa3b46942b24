// SPDX-License-Identifier: Apache-2.0

// Package apiserver fills the inventory from the API server of a Kubernetes cluster: one list and one watch for each
// kind of objects, by client-go's Reflector, straight into the inventory. An object is turned into the little that
// the inventory keeps of it as soon as it is read.
//
// It never writes to the cluster, never runs a program that a kubeconfig names, and never logs a credential.
package apiserver

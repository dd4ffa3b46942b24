// SPDX-License-Identifier: Apache-2.0

// Package kubelet fills the inventory with the pods of this node, from the kubelet of the node: it asks for all of
// them from time to time. For agents that must not talk to the API server, or can't.
//
// It never asks another node, never sends its token without TLS, and never logs it.
package kubelet

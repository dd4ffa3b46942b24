// SPDX-License-Identifier: Apache-2.0

//go:build !386

package main

// multiplexed does nothing: no other architecture has a call that stands for all.
func multiplexed() error { return nil }

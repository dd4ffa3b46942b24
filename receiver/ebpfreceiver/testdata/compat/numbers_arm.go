// SPDX-License-Identifier: Apache-2.0

package main

// Numbers of system calls that the standard library lacks.
const (
	processVMWritev = 377
	memfdCreate     = 385
)

// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package ebpfreceiver

// What is known of programs and keys is known on Linux only, where tracers run.

func (*CustomTracersConfig) checkPrograms() error { return nil }

func (*CustomUploadsConfig) checkKeys() error { return nil }

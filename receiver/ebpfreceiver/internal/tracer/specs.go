// SPDX-License-Identifier: Apache-2.0

package tracer

// Specs lists every tracer there is. The first one is where the others' events get their identity from:
// it runs whenever another one does.
func Specs() []Spec {
	return []Spec{
		Process(),
		File(),
		TCP(),
		Socket(),
		IPC(),
		UDP(),
		DNS(),
		TTY(),
		Signal(),
		OOM(),
		Crash(),
		Privileges(),
		Mount(),
	}
}

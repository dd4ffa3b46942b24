// SPDX-License-Identifier: Apache-2.0

package profile

// WorkloadOf returns the workload that an exported profile is of. The error wraps ErrDamaged or ErrVersion.
func WorkloadOf(data []byte) (string, error) {
	_, workload, _, err := openExport(data)
	return workload, err
}

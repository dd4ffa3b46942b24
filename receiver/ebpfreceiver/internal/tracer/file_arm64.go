// SPDX-License-Identifier: Apache-2.0

package tracer

// olderFileOperations is empty: arm64 never had calls without "at".
func olderFileOperations() map[int]operation { return nil }

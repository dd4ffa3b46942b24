// SPDX-License-Identifier: Apache-2.0

// Command small is linked from one module of others, so that an image is made in a moment. It does nothing else.
package main

import (
	"fmt"

	"github.com/cespare/xxhash/v2"
)

func main() { fmt.Println(xxhash.Sum64String("")) }

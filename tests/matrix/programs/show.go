// SPDX-License-Identifier: Apache-2.0
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	fmt.Println(os.Getenv("DB_PASSWORD"))
	io.Copy(io.Discard, os.Stdin)
	os.Exit(7)
}

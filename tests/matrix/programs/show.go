// SPDX-License-Identifier: Apache-2.0
package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	value := os.Getenv("DB_PASSWORD")
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		os.Exit(3)
	}
	fmt.Println(value)
	os.Exit(7)
}

// SPDX-License-Identifier: Apache-2.0
// Runs its arguments as a child, as Go programs do: clone with CLONE_VFORK and CLONE_VM.
package main

import (
	"os"
	"os/exec"
)

func main() {
	child := exec.Command(os.Args[1], os.Args[2:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.Run()
	os.Exit(child.ProcessState.ExitCode())
}

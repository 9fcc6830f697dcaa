//go:build !unix

package redisserver

import (
	"os"
	"syscall"
)

// No process can be paused here: sending either signal fails.
var pause, resume = os.Interrupt, os.Interrupt

// attributes are none: a killed test binary leaves its servers behind.
func attributes() *syscall.SysProcAttr { return nil }

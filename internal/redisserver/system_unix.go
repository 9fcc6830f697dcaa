//go:build unix && !linux

package redisserver

import "syscall"

const pause, resume = syscall.SIGSTOP, syscall.SIGCONT

// attributes are none: a killed test binary leaves its servers behind.
func attributes() *syscall.SysProcAttr { return nil }

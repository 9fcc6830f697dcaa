package redisserver

import "syscall"

const pause, resume = syscall.SIGSTOP, syscall.SIGCONT

// attributes have the process killed when the thread that started it ends, with the test binary at the
// latest.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

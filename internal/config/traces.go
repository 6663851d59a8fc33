// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"time"
)

// Traces are joins that are followed.
type Traces struct {
	OTLP TracesOTLP `yaml:"otlp" doc:"An OpenTelemetry collector that gets them."`
}

// TracesOTLP is where traces are sent.
type TracesOTLP struct {
	Endpoint string        `yaml:"endpoint" doc:"Address of a collector that speaks OTLP over HTTP, such as http://127.0.0.1:4318; /v1/traces is added unless it has a path. Empty: off."`
	Headers  []string      `yaml:"headers" secret:"true" doc:"Sent with every request, each as \"Name: value\"."`
	Timeout  time.Duration `yaml:"timeout" default:"10s" doc:"How long the collector may take to answer."`
	Sampling float64       `yaml:"sampling" default:"1" doc:"Part of all joins that is followed: 1 is all, 0.01 one in a hundred."`
	Queue    int           `yaml:"queue" default:"2048" doc:"Spans that wait to be sent, about ten for a join. What is beyond is dropped."`
	UserIDs  bool          `yaml:"user_ids" default:"false" doc:"Also send the app's ids of users. Names are never sent."`
}

func (k *checker) traces(t *TracesOTLP) {
	if t.Endpoint != "" {
		k.receiver(t.Endpoint, "traces.otlp.endpoint", "http://127.0.0.1:4318")
	}
	k.headers(t.Headers, "traces.otlp.headers")
	k.require(t.Timeout > 0, "traces.otlp.timeout", "is not positive", "make it 10s")
	k.require(t.Sampling > 0 && t.Sampling <= 1, "traces.otlp.sampling", fmt.Sprintf("is %v", t.Sampling), "make it more than 0 and at most 1; an empty endpoint turns traces off")
	k.require(t.Queue >= 512 && t.Queue <= 1<<20, "traces.otlp.queue", fmt.Sprintf("is %d", t.Queue), "make it between 512 and 1048576")
}

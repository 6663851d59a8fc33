// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/datafile"
)

// collect is a collector whose values are known only when it is asked.
type collect struct {
	descs []*prometheus.Desc
	ask   func(chan<- prometheus.Metric)
}

// Describe implements prometheus.Collector.
func (c collect) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collect) Collect(ch chan<- prometheus.Metric) { c.ask(ch) }

// measureSpace tells the room on the filesystem of a directory, where the system
// says it.
func measureSpace(dir string, reg prometheus.Registerer) {
	free := prometheus.NewDesc("redial_data_free_bytes", "Bytes that the server may still write on the filesystem of data.dir.", nil, nil)
	size := prometheus.NewDesc("redial_data_size_bytes", "Size of the filesystem of data.dir.", nil, nil)
	reg.MustRegister(collect{[]*prometheus.Desc{free, size}, func(ch chan<- prometheus.Metric) {
		if has, of, ok := datafile.Space(dir); ok {
			ch <- prometheus.MustNewConstMetric(free, prometheus.GaugeValue, float64(has))
			ch <- prometheus.MustNewConstMetric(size, prometheus.GaugeValue, float64(of))
		}
	}})
}

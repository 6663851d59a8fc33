package sfu

import (
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
)

// publishInterceptors are what receiving needs and nothing else: asking for lost
// packets (RFC 4585), transport-wide feedback for the sender's bandwidth
// estimate and receiver reports (RFC 3550). Sending needs none: a Down numbers,
// reports and repeats by itself, see down.go.
func publishInterceptors(r *interceptor.Registry, log logging.LoggerFactory) error {
	asks, err := nack.NewGeneratorInterceptor(
		nack.GeneratorSize(512), nack.GeneratorSkipLastN(2), nack.GeneratorMaxNacksPerPacket(25),
		nack.GeneratorInterval(40*time.Millisecond), nack.WithGeneratorLoggerFactory(log))
	if err != nil {
		return err
	}
	feedback, err := twcc.NewSenderInterceptor(twcc.SendInterval(100*time.Millisecond), twcc.WithLoggerFactory(log))
	if err != nil {
		return err
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(log))
	if err != nil {
		return err
	}
	r.Add(asks)
	r.Add(feedback)
	r.Add(reports)
	return nil
}

// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"image/color"
	"os"
	"path/filepath"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// The colours of the servers tell them apart for people who see fewer (Okabe and Ito), and
// so do the lines' dashes.
var inks = []struct {
	color  color.Color
	dashes []vg.Length
}{
	{color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, nil},
	{color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, []vg.Length{vg.Points(4), vg.Points(2)}},
	{color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, []vg.Length{vg.Points(1), vg.Points(2)}},
}

// drawLinks draws what arrived in the first round beside what fits, a picture for each
// trouble.
func drawLinks(dir string, all []trouble, servers []server, accounts []map[string][]account, span time.Duration) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, c := range all {
		if accounts[i] == nil {
			continue
		}
		p := plot.New()
		p.Title.Text = c.name + ": " + c.about
		p.X.Label.Text, p.Y.Label.Text = "seconds", "Mbit/s"
		p.Y.Min = 0
		p.Legend.Top, p.Legend.Left = true, false
		p.BackgroundColor = color.White
		var fits plotter.XYs
		for at := time.Duration(0); at <= span; at += binOf / 2 {
			fits = append(fits, plotter.XY{X: at.Seconds(), Y: c.fits(at) / mbit})
		}
		line, err := plotter.NewLine(fits)
		if err != nil {
			return err
		}
		line.Color, line.Width = color.Gray{Y: 0x99}, vg.Points(2)
		p.Add(line)
		p.Legend.Add("fits", line)
		for k, s := range servers {
			of := accounts[i][s.name]
			if len(of) == 0 {
				continue
			}
			var came plotter.XYs
			for n, bits := range of[0].bins {
				came = append(came, plotter.XY{X: (time.Duration(n)*binOf + binOf/2).Seconds(), Y: bits / binOf.Seconds() / mbit})
			}
			line, err := plotter.NewLine(came)
			if err != nil {
				return err
			}
			ink := inks[k%len(inks)]
			line.Color, line.Dashes, line.Width = ink.color, ink.dashes, vg.Points(1.2)
			p.Add(line)
			p.Legend.Add(s.name, line)
		}
		if err := p.Save(18*vg.Centimeter, 6*vg.Centimeter, filepath.Join(dir, c.name+".svg")); err != nil {
			return err
		}
	}
	return nil
}

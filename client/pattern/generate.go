// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build ignore

// Generate writes the test picture as raw video (YUV4MPEG2), or with "tone" the
// test sound as raw samples (16 bit, mono, 48 kHz). The files beside it were made
// from that with the encoders of libvpx and Opus:
//
//	go run generate.go > pattern.y4m
//	for s in "high 640 360 500 6" "medium 320 180 200 20" "low 160 90 80 32"; do
//	  set -- $s
//	  vpxenc --quiet --codec=vp8 --ivf --kf-max-dist=0 --kf-min-dist=0 --width=$2 --height=$3 \
//	    --target-bitrate=$4 --min-q=$5 --max-q=56 -o $1.ivf pattern.y4m
//	done
//	go run generate.go tone | opusenc --raw --raw-chan 1 --bitrate 24 --hard-cbr --comp 10 \
//	  --discard-comments --padding 0 --max-delay 0 - tone.ogg
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

const width, height, frames, rate = 640, 360, 60, 15

// bars are white, yellow, cyan, green, magenta, red, blue and black (ITU-R
// BT.601, limited range).
var bars = [][3]byte{
	{235, 128, 128}, {210, 16, 146}, {170, 166, 16}, {145, 54, 34},
	{106, 202, 222}, {81, 90, 240}, {41, 240, 110}, {16, 128, 128},
}

// digits are five rows of three pixels each.
var digits = [10][5]byte{
	{7, 5, 5, 5, 7}, {2, 6, 2, 2, 7}, {7, 1, 7, 4, 7}, {7, 1, 7, 1, 7}, {5, 5, 7, 1, 1},
	{7, 4, 7, 1, 7}, {7, 4, 7, 5, 7}, {7, 1, 1, 1, 1}, {7, 5, 7, 5, 7}, {7, 5, 7, 1, 7},
}

func main() {
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	if len(os.Args) > 1 {
		tone(w)
		return
	}
	fmt.Fprintf(w, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", width, height, rate)
	for n := range frames {
		fmt.Fprint(w, "FRAME\n")
		for y := range height {
			for x := range width {
				w.WriteByte(pixel(n, x, y)[0])
			}
		}
		for c := 1; c < 3; c++ {
			for y := 0; y < height; y += 2 {
				for x := 0; x < width; x += 2 {
					w.WriteByte(pixel(n, x, y)[c])
				}
			}
		}
	}
}

// pixel is one of the bars, of the number of the frame, of a ball that rolls
// around the number, or of a ramp that moves to the right at the bottom.
func pixel(n, x, y int) [3]byte {
	turn := 2 * math.Pi * float64(n) / frames
	bx, by := 320+220*math.Cos(turn), 140+90*math.Sin(turn)
	switch d := math.Hypot(float64(x)-bx, float64(y)-by); {
	case d < 26:
		return [3]byte{byte(235 - 4*d), 110, 150}
	case d < 30:
		return bars[7]
	}
	// Two digits of 16 pixels a dot, on a black box.
	if x >= 256 && x < 384 && y >= 92 && y < 188 {
		dot, row := (x-264)/16, (y-100)/16
		if x >= 264 && y >= 100 && row < 5 && dot < 7 && dot != 3 {
			d := digits[n/10]
			if dot > 3 {
				d, dot = digits[n%10], dot-4
			}
			if d[row]&(4>>dot) != 0 {
				return bars[0]
			}
		}
		return bars[7]
	}
	if y >= height-60 {
		return [3]byte{byte(16 + (x-n*width/frames+width)%width*219/width), 128, 128}
	}
	return bars[x*8/width]
}

// tone is three seconds of 440 Hz, at a tenth of full scale, of which the second
// one is played over and over: it ends where it begins.
func tone(w *bufio.Writer) {
	for n := range 3 * 48000 {
		v := int16(3276 * math.Sin(2*math.Pi*440*float64(n)/48000))
		_ = binary.Write(w, binary.LittleEndian, v)
	}
}

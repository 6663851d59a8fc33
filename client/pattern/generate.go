//go:build ignore

// Generate writes the test picture as raw video (YUV4MPEG2). The IVF files
// beside it were made from that with the encoder of libvpx:
//
//	go run generate.go > pattern.y4m
//	for s in "high 640 360 600" "medium 320 180 250" "low 160 90 100"; do
//	  set -- $s
//	  vpxenc --codec=vp8 --ivf --kf-max-dist=0 --kf-min-dist=0 --width=$2 --height=$3 \
//	    --target-bitrate=$4 --min-q=20 --max-q=50 -o $1.ivf pattern.y4m
//	done
package main

import (
	"bufio"
	"fmt"
	"os"
)

const width, height, frames, rate = 640, 360, 30, 15

// bars are white, yellow, cyan, green, magenta, red, blue and black (ITU-R
// BT.601, limited range).
var bars = [][3]byte{
	{235, 128, 128}, {210, 16, 146}, {170, 166, 16}, {145, 54, 34},
	{106, 202, 222}, {81, 90, 240}, {41, 240, 110}, {16, 128, 128},
}

func main() {
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
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

// pixel is one of a bar or, at the bottom, of a white box that moves to the
// right on black.
func pixel(n, x, y int) [3]byte {
	if y <= height-60 {
		return bars[x*8/width]
	}
	if (x-n*width/frames+width)%width < 60 {
		return bars[0]
	}
	return bars[7]
}

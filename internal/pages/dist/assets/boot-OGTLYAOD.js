import{c as a,d as b}from"./chunk-YA6MOPFT.js";import"./chunk-QZXCFKZO.js";import"./chunk-B2QWSHAJ.js";export{b as paths,a as reports};

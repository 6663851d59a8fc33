import{c as a,d as b}from"./chunk-VSJYQUSD.js";import"./chunk-F2MC5AWO.js";import"./chunk-B2QWSHAJ.js";export{b as paths,a as reports};

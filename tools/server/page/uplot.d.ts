/** `/page/uplot.js` is served from the npm package. */
import uPlot from "uplot";
export default uPlot;

export { until } from '../../stress/until';

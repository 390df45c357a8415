export { until } from '../../proof/kit/until';

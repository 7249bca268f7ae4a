import type { Client } from '../api/client';
import type { Wire } from '../api/wire';
import type { Cluster } from './model';

/**
 * The cluster that has just stopped for want of work, when the person who is here made it.
 *
 * @throws ApiError
 */
export async function ownIdleCluster(client: Client, id: string): Promise<Cluster | null> {
  const [me, cluster] = await Promise.all([
    client.request<Wire<'Person'>>('GET', 'me'),
    client.request<Cluster>('GET', `clusters/${encodeURIComponent(id)}`)
  ]);
  return cluster.created_by === me.name ? cluster : null;
}

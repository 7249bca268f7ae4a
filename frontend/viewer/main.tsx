import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import '../style/output.css';
import '../style/dashboard-output.css';
import './viewer.css';
import { Page } from './Page';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Page />
    </StrictMode>
  );
}
